-- The tokens of an issuer that sign in as a service account, without a stored secret.
CREATE TABLE "WorkloadTrust" (
  "id" TEXT COLLATE "C" NOT NULL,
  "serviceAccountId" TEXT COLLATE "C" NOT NULL,
  "issuer" TEXT COLLATE "C" NOT NULL,
  "audience" TEXT COLLATE "C" NOT NULL,
  "subject" TEXT COLLATE "C" NOT NULL,
  "ceiling" JSONB,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT "WorkloadTrust_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "WorkloadTrust_serviceAccountId_fkey" FOREIGN KEY ("serviceAccountId") REFERENCES "ServiceAccount" ("id")
);
CREATE UNIQUE INDEX "WorkloadTrust_issuer_audience_subject_key" ON "WorkloadTrust" ("issuer", "audience", "subject");
CREATE INDEX "WorkloadTrust_serviceAccountId_id_idx" ON "WorkloadTrust" ("serviceAccountId", "id");
