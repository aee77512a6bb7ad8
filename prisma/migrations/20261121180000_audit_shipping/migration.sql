-- How far the audit events were shipped to each destination, by the order of commit across all chains.

CREATE TABLE "AuditShipping" (
  "name" TEXT COLLATE "C" NOT NULL,
  "transaction" BIGINT NOT NULL,
  "ordinal" BIGINT NOT NULL,
  "shipped" BIGINT NOT NULL DEFAULT 0,
  "rejected" BIGINT NOT NULL DEFAULT 0,
  "shippedAt" TIMESTAMPTZ(3),
  "failingSince" TIMESTAMPTZ(3),
  "fault" TEXT,
  CONSTRAINT "AuditShipping_pkey" PRIMARY KEY ("name")
);
