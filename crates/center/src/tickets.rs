//! Placeholder.
use crate::App;
use sea_orm_migration::prelude::*;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

pub(crate) fn migration() -> impl MigrationTrait {
    Tables
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "m0007_tickets"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
