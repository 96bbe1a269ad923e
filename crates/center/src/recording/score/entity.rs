//! Forms and scorecards in the database.
#![expect(
    unreachable_pub,
    reason = "the entity's derive makes public items of it"
)]

pub(super) mod form {
    use sea_orm::entity::prelude::*;

    /// One form.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "score_forms")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        /// Questions as JSON.
        #[sea_orm(column_type = "Text")]
        pub questions: String,
        pub created: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod card {
    use sea_orm::entity::prelude::*;

    /// One scorecard.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "scorecards")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub recording: Uuid,
        pub form: Uuid,
        pub author: Uuid,
        /// Answers as JSON.
        #[sea_orm(column_type = "Text")]
        pub answers: String,
        /// Comments as JSON.
        #[sea_orm(column_type = "Text")]
        pub comments: String,
        pub percent: Option<i64>,
        pub done: bool,
        pub saved: i64,
        /// The agent's reply as JSON.
        #[sea_orm(column_type = "Text", nullable)]
        pub reply: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
