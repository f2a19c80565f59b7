//! QR codes as text for terminals and as SVG.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a code that readers need.
const QUIET: usize = 4;

/// The modules of a code, true for dark, quiet zone included.
pub(crate) struct Modules {
    width: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// The code of a text; `None` when it is too long for one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let (inner, width) = (code.width(), code.width() + 2 * QUIET);
        let mut dark = vec![false; width * width];
        for (at, color) in code.into_colors().into_iter().enumerate() {
            dark[(at / inner + QUIET) * width + at % inner + QUIET] = color == Color::Dark;
        }
        Some(Self { width, dark })
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark.get(y * self.width + x).copied().unwrap_or(false)
    }

    /// Two rows a line, as half blocks: light modules are drawn, so that it reads on a dark terminal, and with colours set,
    /// so that it does on a light one too.
    pub(crate) fn terminal(&self) -> String {
        let mut text = String::new();
        for y in (0..self.width).step_by(2) {
            text.push_str("\u{1b}[97;40m");
            for x in 0..self.width {
                text.push(match (self.is_dark(x, y), y + 1 >= self.width || self.is_dark(x, y + 1)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                });
            }
            text.push_str("\u{1b}[0m\n");
        }
        text
    }

    /// A picture that prints at any size.
    pub(crate) fn svg(&self) -> String {
        let mut path = String::new();
        for y in 0..self.width {
            let mut x = 0;
            while x < self.width {
                let n = (x..self.width).take_while(|&x| self.is_dark(x, y)).count();
                if n > 0 {
                    path.push_str(&format!("M{x} {y}h{n}v1h-{n}z"));
                }
                x += n.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {0}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{0}v{0}H0z\"/><path d=\"{path}\"/></svg>\n",
            self.width
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is drawn, read back module by module.
    fn of_terminal(text: &str, width: usize) -> Vec<bool> {
        let mut dark = vec![false; width * width];
        for (row, line) in text.lines().enumerate() {
            let line = line.strip_prefix("\u{1b}[97;40m").unwrap().strip_suffix("\u{1b}[0m").unwrap();
            for (x, block) in line.chars().enumerate() {
                dark[2 * row * width + x] = matches!(block, '▄' | ' ');
                if 2 * row + 1 < width {
                    dark[(2 * row + 1) * width + x] = matches!(block, '▀' | ' ');
                }
            }
        }
        dark
    }

    #[test]
    fn drawings_show_every_module_and_a_quiet_zone() {
        let modules = Modules::of("https://cdp.example.cn/b/AXm1").unwrap();
        assert_eq!(of_terminal(&modules.terminal(), modules.width), modules.dark);
        assert!((0..modules.width).all(|at| !modules.is_dark(at, QUIET - 1) && !modules.is_dark(QUIET - 1, at)));
        // The three corners that readers look for.
        assert!(modules.is_dark(QUIET, QUIET) && modules.is_dark(modules.width - QUIET - 1, QUIET));
        let svg = modules.svg();
        let mut drawn = vec![false; modules.dark.len()];
        for run in svg.rsplit_once("d=\"").unwrap().1.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let n: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            drawn[y * modules.width + x..][..n].fill(true);
        }
        assert_eq!(drawn, modules.dark);
        assert!(Modules::of(&"x".repeat(4_000)).is_none());
    }
}
