//! Places in a mixer, and sets of them.

use std::ops::{BitAnd, BitAndAssign, BitOr, Not};

/// Most parties of one mixer.
pub const SEATS: usize = 64;

/// One party's place in a mixer, below [`SEATS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seat(u8);

impl Seat {
    /// The place with this number, if there is one.
    pub(super) fn numbered(index: usize) -> Option<Self> {
        (index < SEATS).then_some(Self(index as u8))
    }

    /// Its number, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// A set of places: one row of the hearing matrix, a bit for each speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Seats(u64);

impl Seats {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// One alone.
    #[must_use]
    pub fn of(seat: Seat) -> Self {
        Self(1 << seat.0)
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are in it.
    #[must_use]
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether this one is in it.
    #[must_use]
    pub fn contains(self, seat: Seat) -> bool {
        self.0 >> seat.0 & 1 == 1
    }

    /// Takes one in.
    pub fn insert(&mut self, seat: Seat) {
        self.0 |= 1 << seat.0;
    }

    /// Leaves one out.
    pub fn remove(&mut self, seat: Seat) {
        self.0 &= !(1 << seat.0);
    }

    /// The one with the lowest number.
    #[must_use]
    pub fn first(self) -> Option<Seat> {
        (self.0 != 0).then(|| Seat(self.0.trailing_zeros() as u8))
    }

    /// All of them, by number.
    pub fn iter(self) -> impl Iterator<Item = Seat> {
        let mut left = self;
        std::iter::from_fn(move || {
            let seat = left.first()?;
            left.remove(seat);
            Some(seat)
        })
    }
}

impl FromIterator<Seat> for Seats {
    fn from_iter<I: IntoIterator<Item = Seat>>(seats: I) -> Self {
        let all = seats.into_iter().map(Self::of);
        all.fold(Self::NONE, |all, seat| all | seat)
    }
}

impl BitAnd for Seats {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitAndAssign for Seats {
    fn bitand_assign(&mut self, other: Self) {
        self.0 &= other.0;
    }
}

impl BitOr for Seats {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for Seats {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}
