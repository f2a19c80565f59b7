//! What people went through before they converted, or did not.

/// A contact with a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touch {
    /// Position of the channel among all.
    pub channel: usize,
    /// When, in days.
    pub at: f64,
}

/// What a path ended in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    /// When, in days.
    pub at: f64,
    /// What it was worth; may be 0.
    pub value: f64,
}

/// What one person went through, or several who went through the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Oldest first; those of one time in any order.
    pub touches: Vec<Touch>,
    /// `None` for who did not convert: needed by Markov and by the rate of Shapley.
    pub conversion: Option<Conversion>,
    /// People, above 0.
    pub weight: f64,
}

/// What is credited.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Credit {
    /// Conversions.
    pub conversions: f64,
    /// Their value.
    pub value: f64,
}

/// What each channel is credited with.
#[derive(Clone, Debug, PartialEq)]
pub struct Credits {
    /// By channel.
    pub channels: Vec<Credit>,
    /// Conversions without a touch, or that the model can credit to none.
    pub nobody: Credit,
}

/// Why there are no credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A path, by position, names a channel that is none, is out of order, has no weight above 0 or holds what is no number.
    Invalid(usize),
    /// Options are out of range.
    Shape,
    /// No conversions among the paths.
    NoConversions,
    /// A chain of more states than can be solved exactly; a lower order has fewer.
    TooManyStates(usize),
    /// More channels than fair shares can be sampled for (64).
    TooManyChannels,
}

/// Paths in an order that depends on what they hold alone, so that sums over them are the same whatever order they came in.
pub(super) fn ordered(paths: &[Path], n_channels: usize) -> Result<Vec<&Path>, Problem> {
    let is_sound = |path: &Path| {
        let is_end = |conversion: &Conversion| conversion.at.is_finite() && conversion.value.is_finite();
        let are_touches = path.touches.iter().all(|touch| touch.channel < n_channels && touch.at.is_finite());
        let end = path.conversion.map_or(f64::INFINITY, |conversion| conversion.at);
        are_touches
            && path.touches.windows(2).all(|pair| pair[0].at <= pair[1].at)
            && path.touches.last().is_none_or(|touch| touch.at <= end)
            && path.conversion.as_ref().is_none_or(is_end)
            && path.weight > 0.0
            && path.weight.is_finite()
    };
    if let Some(at) = paths.iter().position(|path| !is_sound(path)) {
        return Err(Problem::Invalid(at));
    }
    let mut all: Vec<&Path> = paths.iter().collect();
    let end =
        |path: &Path| path.conversion.map_or((f64::INFINITY, 0.0), |conversion| (conversion.at, conversion.value));
    all.sort_by(|a, b| {
        let touches =
            a.touches.iter().zip(&b.touches).map(|(a, b)| a.channel.cmp(&b.channel).then(a.at.total_cmp(&b.at)));
        let unequal = touches.into_iter().find(|order| order.is_ne());
        unequal
            .unwrap_or_else(|| a.touches.len().cmp(&b.touches.len()))
            .then_with(|| end(a).0.total_cmp(&end(b).0))
            .then_with(|| end(a).1.total_cmp(&end(b).1))
            .then_with(|| a.weight.total_cmp(&b.weight))
    });
    Ok(all)
}

impl Credit {
    pub(super) fn of(path: &Path) -> Self {
        path.conversion.map_or(Self::default(), |conversion| Self {
            conversions: path.weight,
            value: path.weight * conversion.value,
        })
    }

    pub(super) fn add(&mut self, share: f64, of: Self) {
        self.conversions += share * of.conversions;
        self.value += share * of.value;
    }
}

impl Credits {
    pub(super) fn none(n_channels: usize) -> Self {
        Self { channels: vec![Credit::default(); n_channels], nobody: Credit::default() }
    }

    /// Shares of a total, given out; what shares do not reach goes to nobody.
    pub(super) fn by_shares(shares: &[f64], total: Credit, nobody: Credit) -> Self {
        let mut credits = Self::none(shares.len());
        credits.channels.iter_mut().zip(shares).for_each(|(credit, share)| credit.add(*share, total));
        credits.nobody.add(1.0, nobody);
        credits
    }
}
