// By which identities a person was seen, and why they are taken for one person.
import { useTranslation } from 'react-i18next'
import type { Identity, IdentityEdge } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Parts } from '../../ui/Parts'
import { word } from '../../words'
import { reasonWord } from '../identity/words'

export function Identities({ identities, edges }: { identities: readonly Identity[]; edges: readonly IdentityEdge[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const named = new Map(identities.map((identity) => [identity.identity_id, `${word(t, 'identity', identity.kind)} ${identity.value}`]))
  return (
    <Card title={t('profile.identities')} hint={t('profile.n_identities', { count: identities.length })}>
      <ul className="zk-identities">
        {identities.map((identity) => (
          <li key={identity.identity_id}>
            <span className="zk-identity-kind">{word(t, 'identity', identity.kind)}</span>
            <span className="zk-identity-value">{identity.value}</span>
            <Parts
              className="zk-identity-note"
              parts={[
                identity.source,
                identity.first_seen_at && `${format.instantDay(identity.first_seen_at)}${identity.last_seen_at ? ` ～ ${format.instantDay(identity.last_seen_at)}` : ''}`,
                identity.status !== 'active' ? word(t, 'identity_status', identity.status) : undefined,
              ]}
            />
          </li>
        ))}
      </ul>
      <details className="zk-joined" open={edges.length > 0 && edges.length <= 3}>
        <summary>{t('profile.how_joined')}</summary>
        {edges.length === 0 ? (
          <p className="zk-muted">{t('profile.one_identity')}</p>
        ) : (
          <ol>
            {edges.map((edge) => (
              <li key={edge.edge_id} className={edge.undone_at ? 'zk-undone' : undefined}>
                <p className="zk-edge-pair">
                  {t('profile.joined', { left: named.get(edge.left_identity_id) ?? edge.left_identity_id, right: named.get(edge.right_identity_id) ?? edge.right_identity_id })}
                </p>
                <p className="zk-edge-reason">{reasonWord(t, edge.reason)}</p>
                <Parts
                  className="zk-identity-note"
                  parts={[
                    word(t, 'edge', edge.kind),
                    edge.strength == null ? undefined : t('profile.strength', { ratio: format.ratio(edge.strength) }),
                    edge.source,
                    format.instant(edge.created_at),
                    edge.undone_at ? t('profile.undone', { when: format.instant(edge.undone_at) }) : undefined,
                  ]}
                />
              </li>
            ))}
          </ol>
        )}
      </details>
    </Card>
  )
}
