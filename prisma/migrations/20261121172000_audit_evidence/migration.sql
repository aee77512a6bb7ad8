-- What proves a chain of audit events: signed checkpoints of its head, and signed tombstones of what was pruned.

CREATE TABLE "AuditCheckpoint" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "seq" BIGINT NOT NULL,
  "hash" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "keyId" TEXT COLLATE "C" NOT NULL,
  "signature" TEXT NOT NULL,
  CONSTRAINT "AuditCheckpoint_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "AuditCheckpoint_tenantId_seq_idx" ON "AuditCheckpoint" ("tenantId", "seq");

-- One for each chain that was pruned: up to where. `transaction` and `ordinal` are the greatest among what went, so that
-- the feed across chains knows which of its cursors are too old.
CREATE TABLE "AuditTombstone" (
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "seq" BIGINT NOT NULL,
  "hash" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "keyId" TEXT COLLATE "C" NOT NULL,
  "signature" TEXT NOT NULL,
  "transaction" BIGINT NOT NULL,
  "ordinal" BIGINT NOT NULL,
  CONSTRAINT "AuditTombstone_pkey" PRIMARY KEY ("tenantId")
);

-- An event is never changed, and goes by audit_prune only.
CREATE OR REPLACE FUNCTION audit_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('gatehouse.pruning', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit events are immutable' USING ERRCODE = 'insufficient_privilege';
END $$;

-- Removes the events of a chain up to and including `upto`. @returns how many went, and the greatest places among them.
CREATE FUNCTION audit_prune(chain TEXT, upto BIGINT)
RETURNS TABLE (events BIGINT, "transaction" BIGINT, "ordinal" BIGINT) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('gatehouse.pruning', 'on', true);
  RETURN QUERY
    WITH gone AS (
      DELETE FROM "AuditEvent" e WHERE e."tenantId" = chain AND e."seq" <= upto RETURNING e."transaction" t, e."ordinal" o
    )
    SELECT count(*), COALESCE(max(t), 0), COALESCE(max(o), 0) FROM gone;
  PERFORM set_config('gatehouse.pruning', '', true);
END $$;
