-- Blueprints have a documentation, and can be shared with people whose rights end at a namespace.
ALTER TABLE "Blueprint" ADD COLUMN "documentation" TEXT, ADD COLUMN "shared" BOOLEAN NOT NULL DEFAULT false;
