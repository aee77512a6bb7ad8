-- Counted operations, if rateLimits.store is database. A crash of the server can forget them.
CREATE UNLOGGED TABLE "RateLimit" (
  "key" TEXT COLLATE "C" NOT NULL,
  "points" INTEGER NOT NULL DEFAULT 0,
  "expire" BIGINT,
  CONSTRAINT "RateLimit_pkey" PRIMARY KEY ("key")
);
CREATE INDEX "RateLimit_expire_idx" ON "RateLimit" ("expire");
