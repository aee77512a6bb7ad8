-- Identity, access and audit.
--
-- Names that are compared as ranges or as prefixes are COLLATE "C": the order of bytes, the same in SQL and in memory.

CREATE TABLE "Tenant" (
  "id" TEXT COLLATE "C" NOT NULL,
  "key" TEXT COLLATE "C" NOT NULL CHECK ("key" ~ '^[a-z0-9][a-z0-9_-]*$' AND length("key") <= 100),
  "name" TEXT NOT NULL,
  "description" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Tenant_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Tenant_key_key" ON "Tenant" ("key");

CREATE TABLE "Principal" (
  "id" TEXT COLLATE "C" NOT NULL,
  "kind" TEXT NOT NULL CHECK ("kind" IN ('USER', 'SERVICE_ACCOUNT')),
  CONSTRAINT "Principal_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "User" (
  "id" TEXT COLLATE "C" NOT NULL,
  "username" TEXT COLLATE "C" NOT NULL,
  "usernameKey" TEXT COLLATE "C" NOT NULL,
  "email" TEXT COLLATE "C" NOT NULL,
  "emailKey" TEXT COLLATE "C" NOT NULL,
  "firstName" TEXT,
  "lastName" TEXT,
  "superAdmin" BOOLEAN NOT NULL DEFAULT false,
  "disabled" BOOLEAN NOT NULL DEFAULT false,
  "authMethods" TEXT[] NOT NULL,
  "passwordHash" TEXT,
  "passwordChangedAt" TIMESTAMPTZ(3),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "User_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "User_id_fkey" FOREIGN KEY ("id") REFERENCES "Principal" ("id")
);
CREATE UNIQUE INDEX "User_usernameKey_key" ON "User" ("usernameKey");
CREATE UNIQUE INDEX "User_emailKey_key" ON "User" ("emailKey");

CREATE TABLE "ServiceAccount" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "name" TEXT COLLATE "C" NOT NULL CHECK ("name" ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length("name") <= 63),
  "description" TEXT,
  "superAdmin" BOOLEAN NOT NULL DEFAULT false,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "ServiceAccount_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "ServiceAccount_id_fkey" FOREIGN KEY ("id") REFERENCES "Principal" ("id"),
  CONSTRAINT "ServiceAccount_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "ServiceAccount_tenantId_name_key" ON "ServiceAccount" ("tenantId", "name") NULLS NOT DISTINCT;

CREATE TABLE "TenantAccess" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "TenantAccess_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "TenantAccess_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id"),
  CONSTRAINT "TenantAccess_principalId_fkey" FOREIGN KEY ("principalId") REFERENCES "Principal" ("id")
);
CREATE UNIQUE INDEX "TenantAccess_tenantId_principalId_key" ON "TenantAccess" ("tenantId", "principalId");
CREATE INDEX "TenantAccess_principalId_idx" ON "TenantAccess" ("principalId");

CREATE TABLE "Group" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "name" TEXT NOT NULL,
  "nameKey" TEXT COLLATE "C" NOT NULL,
  "description" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Group_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Group_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "Group_tenantId_nameKey_key" ON "Group" ("tenantId", "nameKey");
CREATE UNIQUE INDEX "Group_tenantId_id_key" ON "Group" ("tenantId", "id");

CREATE TABLE "GroupMember" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "groupId" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "membership" TEXT NOT NULL CHECK ("membership" IN ('OWNER', 'MEMBER')),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "GroupMember_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "GroupMember_tenantId_groupId_fkey" FOREIGN KEY ("tenantId", "groupId") REFERENCES "Group" ("tenantId", "id"),
  CONSTRAINT "GroupMember_tenantId_principalId_fkey"
    FOREIGN KEY ("tenantId", "principalId") REFERENCES "TenantAccess" ("tenantId", "principalId")
);
CREATE UNIQUE INDEX "GroupMember_groupId_principalId_key" ON "GroupMember" ("groupId", "principalId");
CREATE INDEX "GroupMember_tenantId_principalId_idx" ON "GroupMember" ("tenantId", "principalId");

CREATE TABLE "Role" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "name" TEXT NOT NULL,
  "nameKey" TEXT COLLATE "C" NOT NULL,
  "description" TEXT,
  "permissions" TEXT[] NOT NULL,
  "isDefault" BOOLEAN NOT NULL DEFAULT false,
  "isManaged" BOOLEAN NOT NULL DEFAULT false,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Role_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Role_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "Role_tenantId_nameKey_key" ON "Role" ("tenantId", "nameKey") NULLS NOT DISTINCT;
CREATE UNIQUE INDEX "Role_tenantId_id_key" ON "Role" ("tenantId", "id");
-- At most one default role in a tenant, whoever sets it at the same time.
CREATE UNIQUE INDEX "Role_default_key" ON "Role" ("tenantId") NULLS NOT DISTINCT WHERE "isDefault";

CREATE TABLE "Binding" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "principalId" TEXT COLLATE "C",
  "groupId" TEXT COLLATE "C",
  "roleId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL DEFAULT '',
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Binding_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Binding_one_subject" CHECK (num_nonnulls("principalId", "groupId") = 1),
  CONSTRAINT "Binding_instance" CHECK ("tenantId" IS NOT NULL OR ("groupId" IS NULL AND "namespace" = '')),
  CONSTRAINT "Binding_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id"),
  CONSTRAINT "Binding_access_fkey"
    FOREIGN KEY ("tenantId", "principalId") REFERENCES "TenantAccess" ("tenantId", "principalId"),
  CONSTRAINT "Binding_principal_fkey" FOREIGN KEY ("principalId") REFERENCES "Principal" ("id"),
  CONSTRAINT "Binding_group_fkey" FOREIGN KEY ("tenantId", "groupId") REFERENCES "Group" ("tenantId", "id"),
  CONSTRAINT "Binding_role_fkey" FOREIGN KEY ("tenantId", "roleId") REFERENCES "Role" ("tenantId", "id"),
  CONSTRAINT "Binding_roleId_fkey" FOREIGN KEY ("roleId") REFERENCES "Role" ("id")
);
CREATE UNIQUE INDEX "Binding_tenantId_principalId_groupId_roleId_namespace_key"
  ON "Binding" ("tenantId", "principalId", "groupId", "roleId", "namespace") NULLS NOT DISTINCT;
CREATE INDEX "Binding_principalId_idx" ON "Binding" ("principalId");
CREATE INDEX "Binding_groupId_idx" ON "Binding" ("groupId");
CREATE INDEX "Binding_roleId_idx" ON "Binding" ("roleId");

CREATE TABLE "Namespace" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL
    CHECK ("namespace" ~ '^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$' AND length("namespace") <= 150),
  "parent" TEXT COLLATE "C" NOT NULL,
  "declared" BOOLEAN NOT NULL DEFAULT false,
  "description" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Namespace_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Namespace_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "Namespace_tenantId_namespace_key" ON "Namespace" ("tenantId", "namespace");
CREATE INDEX "Namespace_tenantId_parent_namespace_idx" ON "Namespace" ("tenantId", "parent", "namespace");

CREATE TABLE "ApiToken" (
  "id" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "name" TEXT COLLATE "C" NOT NULL,
  "description" TEXT,
  "prefix" TEXT NOT NULL,
  "hash" TEXT COLLATE "C" NOT NULL,
  "maxAgeSeconds" INTEGER CHECK ("maxAgeSeconds" > 0),
  "extended" BOOLEAN NOT NULL DEFAULT false,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expiresAt" TIMESTAMPTZ(3),
  "greatestExpiry" TIMESTAMPTZ(3),
  "lastUsedAt" TIMESTAMPTZ(3),
  "revokedAt" TIMESTAMPTZ(3),
  CONSTRAINT "ApiToken_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "ApiToken_principalId_fkey" FOREIGN KEY ("principalId") REFERENCES "Principal" ("id"),
  CONSTRAINT "ApiToken_extended" CHECK (NOT "extended" OR ("maxAgeSeconds" IS NOT NULL AND "greatestExpiry" IS NOT NULL))
);
CREATE UNIQUE INDEX "ApiToken_hash_key" ON "ApiToken" ("hash");
CREATE INDEX "ApiToken_principalId_id_idx" ON "ApiToken" ("principalId", "id");

CREATE TABLE "SignInFailure" (
  "account" TEXT COLLATE "C" NOT NULL,
  "address" TEXT COLLATE "C" NOT NULL,
  "recent" TIMESTAMPTZ(3)[] NOT NULL,
  "lockedUntil" TIMESTAMPTZ(3),
  "minute" TIMESTAMPTZ(3),
  "unreported" INTEGER NOT NULL DEFAULT 0,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "SignInFailure_pkey" PRIMARY KEY ("account", "address")
);
CREATE INDEX "SignInFailure_updatedAt_idx" ON "SignInFailure" ("updatedAt");

CREATE TABLE "AccessState" (
  "id" INTEGER NOT NULL CHECK ("id" = 1),
  "revision" BIGINT NOT NULL,
  "policySet" TEXT,
  "plugins" JSONB NOT NULL DEFAULT '[]',
  "acceptedAt" TIMESTAMPTZ(3),
  CONSTRAINT "AccessState_pkey" PRIMARY KEY ("id")
);
INSERT INTO "AccessState" ("id", "revision") VALUES (1, 1);

CREATE TABLE "AuditHead" (
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "seq" BIGINT NOT NULL,
  "hash" TEXT NOT NULL,
  "transaction" BIGINT NOT NULL,
  CONSTRAINT "AuditHead_pkey" PRIMARY KEY ("tenantId")
);

CREATE TABLE "AuditEvent" (
  "id" TEXT COLLATE "C" NOT NULL,
  "ordinal" BIGSERIAL NOT NULL,
  "transaction" BIGINT NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "tenantKey" TEXT NOT NULL,
  "seq" BIGINT NOT NULL,
  "prevHash" TEXT NOT NULL,
  "hash" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "type" TEXT NOT NULL,
  "action" TEXT NOT NULL,
  "outcome" TEXT NOT NULL CHECK ("outcome" IN ('SUCCESS', 'DENIED', 'ERROR')),
  "actorKind" TEXT NOT NULL,
  "actorId" TEXT COLLATE "C" NOT NULL,
  "actorName" TEXT NOT NULL,
  "impersonatorId" TEXT COLLATE "C" NOT NULL,
  "impersonatorName" TEXT NOT NULL,
  "resource" TEXT COLLATE "C" NOT NULL,
  "resourceId" TEXT COLLATE "C" NOT NULL,
  "resourceKey" TEXT NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "ip" TEXT,
  "requestId" TEXT NOT NULL,
  "decisionId" TEXT,
  "policy" TEXT,
  "reason" TEXT,
  "patch" JSONB,
  "revertPatch" JSONB,
  "patchText" TEXT NOT NULL,
  "details" JSONB,
  CONSTRAINT "AuditEvent_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "AuditEvent_ordinal_key" ON "AuditEvent" ("ordinal");
CREATE UNIQUE INDEX "AuditEvent_tenantId_seq_key" ON "AuditEvent" ("tenantId", "seq");
CREATE INDEX "AuditEvent_tenantId_at_seq_idx" ON "AuditEvent" ("tenantId", "at", "seq");
CREATE INDEX "AuditEvent_tenantId_namespace_seq_idx" ON "AuditEvent" ("tenantId", "namespace", "seq");
CREATE INDEX "AuditEvent_tenantId_resource_resourceId_seq_idx" ON "AuditEvent" ("tenantId", "resource", "resourceId", "seq");
CREATE INDEX "AuditEvent_tenantId_actorId_seq_idx" ON "AuditEvent" ("tenantId", "actorId", "seq");
CREATE INDEX "AuditEvent_transaction_ordinal_idx" ON "AuditEvent" ("transaction", "ordinal");

-- An event is never changed. Pruning by retention will be its own, signed, act.
CREATE FUNCTION audit_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit events are immutable' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER "AuditEvent_immutable" BEFORE UPDATE OR DELETE OR TRUNCATE ON "AuditEvent"
  FOR EACH STATEMENT EXECUTE FUNCTION audit_immutable();

-- Appends events to one chain: takes the chain's head (held until commit, so that seq is the order of commit), then
-- numbers, links and stores them. Each event carries its own digest; hash = sha256(prevHash || seq || digest).
CREATE FUNCTION audit_append(chain TEXT, events JSONB) RETURNS BIGINT LANGUAGE plpgsql AS $$
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
  head."transaction" := GREATEST(head."transaction", pg_current_xact_id()::text::bigint);
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
