-- A dump that is restored into another server brings the transaction numbers of the server it came from. They may be
-- greater than those of the new server for years; what is added to its own keeps the order of commit across all chains.
ALTER TABLE "AccessState" ADD COLUMN "transactionOffset" BIGINT NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION audit_append(chain TEXT, events JSONB) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  head "AuditHead";
  event JSONB;
  previous TEXT;
BEGIN
  INSERT INTO "AuditHead" ("tenantId", "seq", "hash", "transaction") VALUES (chain, 0, repeat('0', 64), 0)
    ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT head FROM "AuditHead" WHERE "tenantId" = chain FOR UPDATE;
  -- A transaction gets its number before it waits for the head, so numbers alone could turn a chain's order around.
  -- The greatest so far never does, and is still below the horizon only when the transaction itself is.
  head."transaction" := GREATEST(
    head."transaction", pg_current_xact_id()::text::bigint + (SELECT "transactionOffset" FROM "AccessState"));
  FOR event IN SELECT * FROM jsonb_array_elements(events) LOOP
    previous := head."hash";
    head."seq" := head."seq" + 1;
    head."hash" := encode(sha256(convert_to(previous || ':' || head."seq" || ':' || (event->>'digest'), 'UTF8')), 'hex');
    INSERT INTO "AuditEvent" (
      "id", "transaction", "tenantId", "tenantKey", "seq", "prevHash", "hash", "at", "type", "action", "outcome",
      "actorKind", "actorId", "actorName", "impersonatorId", "impersonatorName", "resource", "resourceId",
      "resourceKey", "namespace", "ip", "requestId", "decisionId", "policy", "reason", "patch", "revertPatch",
      "patchText", "details"
    ) VALUES (
      event->>'id', head."transaction", chain, event->>'tenantKey', head."seq", previous, head."hash",
      (event->>'at')::timestamptz, event->>'type', event->>'action', event->>'outcome', event->>'actorKind',
      event->>'actorId', event->>'actorName', event->>'impersonatorId', event->>'impersonatorName',
      event->>'resource', event->>'resourceId', event->>'resourceKey', event->>'namespace', event->>'ip',
      event->>'requestId', event->>'decisionId', event->>'policy', event->>'reason', event->'patch',
      event->'revertPatch', event->>'patchText', event->'details'
    );
  END LOOP;
  UPDATE "AuditHead" SET "seq" = head."seq", "hash" = head."hash", "transaction" = head."transaction" WHERE "tenantId" = chain;
  RETURN head."seq";
END $$;
