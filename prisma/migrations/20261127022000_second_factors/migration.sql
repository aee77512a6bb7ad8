-- The second factor of a user: codes by time, and recovery codes.
CREATE TABLE "SecondFactor" (
  "userId" TEXT COLLATE "C" NOT NULL,
  "sealed" TEXT NOT NULL,
  "lastStep" BIGINT NOT NULL DEFAULT 0,
  "recoveryHashes" TEXT[] NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL,
  "confirmedAt" TIMESTAMPTZ(3),
  CONSTRAINT "SecondFactor_pkey" PRIMARY KEY ("userId"),
  CONSTRAINT "SecondFactor_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
);

-- When the person last proved who they are, and by which second factor.
ALTER TABLE "Session"
  ADD COLUMN "provedAt" TIMESTAMPTZ(3),
  ADD COLUMN "secondFactor" TEXT,
  ADD COLUMN "secondFactorAt" TIMESTAMPTZ(3);
UPDATE "Session" SET "provedAt" = "createdAt";
ALTER TABLE "Session" ALTER COLUMN "provedAt" SET NOT NULL, ALTER COLUMN "provedAt" SET DEFAULT now();
