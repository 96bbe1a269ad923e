//! The tables' rows. Their debug form has no numbers.

#![expect(
    unreachable_pub,
    reason = "the entity's derive makes public items of it"
)]

pub(super) mod entry {
    use sea_orm::entity::prelude::*;
    use std::fmt;

    /// An entry of the address book.
    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "address_book")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Who made it; of an entry that is not shared, the only one who sees it.
        pub owner: Uuid,
        pub name: String,
        /// In its canonical spelling.
        pub number: String,
        #[sea_orm(column_type = "Text")]
        pub note: String,
        pub shared: bool,
        /// What a search looks through; see [`crate::store::search::search_text`].
        #[sea_orm(column_type = "Text")]
        pub search: String,
        pub updated: i64,
    }

    impl fmt::Debug for Model {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "Entry({})", self.id)
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod callback {
    use sea_orm::entity::prelude::*;
    use std::fmt;

    /// A promise to call somebody back.
    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "callbacks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub agent: Uuid,
        pub customer: Option<Uuid>,
        /// In its canonical spelling.
        pub number: String,
        /// The agent knows the number: it was typed, or is of an entry of their own.
        pub known: bool,
        pub at: i64,
        #[sea_orm(column_type = "Text")]
        pub note: String,
        pub state: String,
        pub updated: i64,
    }

    impl fmt::Debug for Model {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "Callback({}, {})", self.id, self.state)
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
