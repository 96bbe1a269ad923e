//! Customers and their numbers in the database.

pub(super) mod customer {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One customer.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub reference: String,
        pub name: String,
        pub company: String,
        pub title: String,
        pub email: String,
        pub wechat: String,
        /// A JSON list.
        #[sea_orm(column_type = "Text")]
        pub tags: String,
        pub vip: bool,
        #[sea_orm(column_type = "Text")]
        pub note: String,
        /// What a search looks through; see [`crate::store::search::search_text`].
        #[sea_orm(column_type = "Text")]
        pub search: String,
        pub created: i64,
        pub updated: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod number {
    #![expect(
        unreachable_pub,
        reason = "the entity's derive makes public items of it"
    )]
    use sea_orm::entity::prelude::*;

    /// One number of a customer, in its canonical spelling; position 0 is the main one.
    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer_numbers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub customer: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        pub number: String,
    }

    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "Number({} of {})", self.position, self.customer)
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
