//! Vaults and values that released formats wrote; they must open for ever. Add to them, never change them.

use std::fs;

use zhike_domain::sensitive::Sensitive;
use zhike_domain::signed::Kind;
use zhike_vault::{Place, PublicKey, Subject, Unlock, Vault};

struct Released {
    files: &'static [(&'static str, &'static str)],
    wrapped: &'static str,
    sealed: &'static str,
    blind_index: &'static str,
    fingerprint: &'static str,
    /// Public key and signature of a receipt `{"n":1}`.
    signed: (&'static str, &'static str),
    /// Wrapped key of segment 40 and its record at position 41, for each algorithm.
    segments: &'static [(&'static str, &'static str)],
}

const KEY_FILE_V1: Released = Released {
    files: &[
        (
            "root.key",
            "5a484b5601010020816dc58d9f348f7caadb16800fc2fed2839bd6ba23e8d70d51884cd968e6b2ae37287d74993dfeae",
        ),
        (
            "index.key",
            concat!(
                "5a484b560401003cefe3b850b998726ca9fd3000f2d548501cf9b8e9959c51773e5de49a8f6095b4",
                "8dcd6270729897cfc7fcc8d7b4f773b1733e6219502d730d5df8d04de5147d75ca56b515"
            ),
        ),
        (
            "kek-1.key",
            concat!(
                "5a484b560301003000000001a7fe973b28af36596c729e5735c6ba8d6fee18b9129a07fcf34cc21d",
                "c985a79815707fda9a1ba2a3c4a0a61af4c81a3b77fc579a"
            ),
        ),
    ],
    wrapped: concat!(
        "0101000000010100000000000000073163c69fa45f75db438d93437270bc2546beef1c8bc9bf7d422b",
        "5c1160ae598cd3db3894eaf6661f4f5a9139"
    ),
    sealed: "01019bf75d76f7980f1f2eed4724a8bef750403dcc1a6a3f87b127a88246230d1bac6b1ba8b5736bde",
    blind_index: "9681d97ee73bf24138ee960f97cf0139",
    fingerprint: "26b8d9a34b6fb130649cb98565c603b8",
    signed: (
        "MCowBQYDK2VwAyEAHLtIsVfADNjTNXgIJwzgaGvUem8PZb87mXg8cDU4YqQ=",
        "JcJZohbEtiWp9Y+z4KyO5hmmnuw3Cpd+JV+IWGRAb8CDPvH6OJULAsO7Hk4D0H1v+uvXnBAi0naoNsTUcEsrAQ==",
    ),
    segments: &[
        (
            concat!(
                "010200000001000000000000002888ea03bf333fde8f834f26c1e74a4dfb2fe4e4c0e0abe640ff70112e",
                "4fdd14117392c3dc0a2f2a6bab9a36d439c0730f44605d7a9b87180447e9cf06"
            ),
            "b4eca551a056afc28197f84d1125791401646fdff2242d4f62a683",
        ),
        (
            concat!(
                "0101000000010000000000000028899dded47ada64e02eccf69e12f74c34e443ab90aafd516c1239b05e",
                "0ef0d81d5572a89323acb7ba651c0cf5"
            ),
            "c036d28ff4bd46299974154cb325aabaadf73b5867a121a83c1429",
        ),
    ],
};

const PASSPHRASE_V1: Released = Released {
    files: &[
        ("root.params", "5a484b560201001d010001000000000003000000018c07891326e542241394fac27e6e87efe32504588044686e"),
        (
            "index.key",
            concat!(
                "5a484b560401003c6847bcf9d07060d1644cbaa7074f10c338984d48c06fe974b680e5ad828b2447",
                "e0d8e429b4d80968faa0663ab4e6e43c05ee9edd477add702ac2f23e72d80e465c77264b"
            ),
        ),
        (
            "kek-1.key",
            concat!(
                "5a484b560301003000000001427ff6980ca84ba22eafbee9dfd9496d4ae52dfd9c29adc12fe25566",
                "ef6bdb99c097996c9501a7494173e8e53144ee37fd897816"
            ),
        ),
    ],
    wrapped: concat!(
        "0101000000010100000000000000078cba9628b96001b3c762b4a845e22aa98e18bff89bafd9c15583",
        "d2a0a8d1f4855c8841616af11e8efb407b3d"
    ),
    sealed: "01012b7f6e8d7ba85e2379255371903b998c336abb28c6735b76383896158daf5665cb570085ba76f0",
    blind_index: "f8d8cc3b4e323085fee29e82ca5ec523",
    fingerprint: "f92b1db63343150017f58f7951a43708",
    signed: (
        "MCowBQYDK2VwAyEAoG+fJzY50RpTBXi5MCtxs5A9SJkawogUSveGlAvkxGI=",
        "7WZvsDV8W+eVwJY4J0A8ej7tPWz+QpOwOV86SmYuAl3Qq/aJVqrM/pLuMVQr+9RjK7xjeBU3C1Tdt5XoRK/FCA==",
    ),
    segments: &[
        (
            concat!(
                "0102000000010000000000000028db5a835662a3d9a0c326fc5a6c55ed6410f4b8e6211ae6d00cd13102",
                "9e7cf384657a2bdbf3c486872a6761b3e785b88443411c643af0946828077335"
            ),
            "8a6360f148b4500e2223df50f4487afd7cb2979afca6d4c3aa4014",
        ),
        (
            concat!(
                "01010000000100000000000000282352f4d27ce8d8efb1bd4316fa630ac222751263543070d4db494438",
                "359b6ca5cc21d7e6477faa00c955660c"
            ),
            "3a9af16057e4b8a717cd727446c4cb3f3de9c2b224e55bcaf165c7",
        ),
    ],
};

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn check(released: &Released, unlock: Unlock) {
    let dir = tempfile::tempdir().unwrap();
    for (name, digits) in released.files {
        let path = dir.path().join(name);
        fs::write(&path, unhex(digits)).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let vault = Vault::open(dir.path(), unlock).unwrap();
    let key = vault.unwrap(Subject::Profile(7), &unhex(released.wrapped)).unwrap();
    let place = Place { table: "profiles", column: "phone" };
    assert_eq!(&key.open(place, &unhex(released.sealed)).unwrap()[..], b"13800138000");
    assert_eq!(&vault.blind_index("phone", "13800138000")[..], unhex(released.blind_index));
    assert_eq!(&vault.fingerprint(b"row")[..], unhex(released.fingerprint));
    let (pem, value) = released.signed;
    let mut document = serde_json::json!({"n": 1});
    let signature = vault.sign(Kind::Receipt, &document);
    assert_eq!((vault.public_key().to_pem().lines().nth(1), signature.value.as_str()), (Some(pem), value));
    let key = PublicKey::from_pem(&format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n")).unwrap();
    document["signature"] = serde_json::json!({"algorithm": "Ed25519", "key": key.fingerprint(), "value": value});
    assert_eq!(key.check(Kind::Receipt, &document), Some(true));
    for (wrapped, record) in released.segments {
        let key = vault.unwrap_segment_key(40, &unhex(wrapped)).unwrap();
        assert_eq!(&key.open(41, &unhex(record)).unwrap()[..], b"13800138000");
    }
}

#[test]
fn version_1_with_a_key_file() {
    check(&KEY_FILE_V1, Unlock::KeyFile);
}

#[test]
fn version_1_with_a_passphrase() {
    check(&PASSPHRASE_V1, Unlock::Passphrase(Sensitive::new("correct horse".to_owned())));
}
