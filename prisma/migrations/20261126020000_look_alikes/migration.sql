-- What a user name looks like (Unicode TR39): names that cannot be told apart share it. Null until a gateway filled it in.
ALTER TABLE "User" ADD COLUMN "usernameLooks" TEXT;
CREATE INDEX "User_usernameLooks_idx" ON "User" ("usernameLooks");
