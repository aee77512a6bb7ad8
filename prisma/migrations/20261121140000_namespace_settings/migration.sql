-- What a namespace is configured with; what is below it inherits it.

ALTER TABLE "Namespace"
  ADD COLUMN "variables" JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN "pluginDefaults" JSONB NOT NULL DEFAULT '[]';
