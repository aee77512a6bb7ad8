-- Sign-ins of command lines on machines without a browser, until they are allowed and collected.
CREATE TABLE "DeviceSignIn" (
  "id" TEXT COLLATE "C" NOT NULL,
  "userCode" TEXT COLLATE "C" NOT NULL,
  "challenge" TEXT NOT NULL,
  "client" TEXT NOT NULL,
  "ip" TEXT,
  "peer" TEXT COLLATE "C" NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  "sessionId" TEXT COLLATE "C",
  "deniedAt" TIMESTAMPTZ(3),
  CONSTRAINT "DeviceSignIn_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "DeviceSignIn_userCode_key" ON "DeviceSignIn" ("userCode");
CREATE INDEX "DeviceSignIn_expiresAt_idx" ON "DeviceSignIn" ("expiresAt");
