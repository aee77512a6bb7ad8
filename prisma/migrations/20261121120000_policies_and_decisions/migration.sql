-- The configuration of the policies in force, and the record of decisions.

ALTER TABLE "AccessState"
  ADD COLUMN "configuration" JSONB,
  ADD COLUMN "fileDigest" TEXT;

-- What decides about a principal in one tenant, by its digest: a thousand people of one group share a row.
CREATE TABLE "AccessContent" (
  "digest" TEXT COLLATE "C" NOT NULL,
  "content" JSONB NOT NULL,
  CONSTRAINT "AccessContent_pkey" PRIMARY KEY ("digest")
);

CREATE TABLE "Decision" (
  "id" TEXT COLLATE "C" NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "permission" TEXT COLLATE "C" NOT NULL,
  "effect" TEXT NOT NULL CHECK ("effect" IN ('allow', 'deny', 'error')),
  "policy" TEXT,
  "policySet" TEXT NOT NULL,
  "contentDigest" TEXT COLLATE "C" NOT NULL,
  "request" JSONB NOT NULL,
  "outcome" JSONB NOT NULL,
  "reviews" JSONB NOT NULL DEFAULT '[]',
  "count" INTEGER NOT NULL DEFAULT 1,
  CONSTRAINT "Decision_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Decision_contentDigest_fkey" FOREIGN KEY ("contentDigest") REFERENCES "AccessContent" ("digest")
);
CREATE INDEX "Decision_at_idx" ON "Decision" ("at");
CREATE INDEX "Decision_contentDigest_idx" ON "Decision" ("contentDigest");

-- When a permission of a role last served somebody. The role may be gone.
CREATE TABLE "PermissionUse" (
  "roleId" TEXT COLLATE "C" NOT NULL,
  "permission" TEXT COLLATE "C" NOT NULL,
  "lastUsedAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "PermissionUse_pkey" PRIMARY KEY ("roleId", "permission")
);
