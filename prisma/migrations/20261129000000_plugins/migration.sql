-- Types of tasks and triggers that engines know, with their documentation.
CREATE TABLE "Plugin" (
  "type" TEXT COLLATE "C" NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "description" TEXT,
  "documentation" TEXT,
  "icon" TEXT,
  "schema" JSONB,
  "version" TEXT,
  "deprecated" BOOLEAN NOT NULL,
  "reportedAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "Plugin_pkey" PRIMARY KEY ("type")
);
CREATE TABLE "PluginReporter" (
  "type" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "serviceId" TEXT COLLATE "C" NOT NULL,
  CONSTRAINT "PluginReporter_pkey" PRIMARY KEY ("type", "principalId"),
  CONSTRAINT "PluginReporter_type_fkey" FOREIGN KEY ("type") REFERENCES "Plugin" ("type")
);
CREATE INDEX "PluginReporter_principalId_idx" ON "PluginReporter" ("principalId");
-- The flows that use a type.
CREATE INDEX "Flow_tasks_idx" ON "Flow" USING GIN ("tasks" jsonb_path_ops);
