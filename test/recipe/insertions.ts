/** A text that a step of the README inserts into an existing file. */
export interface Insertion {
  readonly file: string;
  /** The text to insert after. Omitted: at the end of the file. */
  readonly after?: string;
  readonly insert: string;
}

export const insertions: readonly Insertion[] = [
  {
    file: 'prisma/schema.prisma',
    after: '  blueprints          Blueprint[]\n',
    insert: '  announcements       Announcement[]\n',
  },
  {
    file: 'prisma/schema.prisma',
    insert: `
model Announcement {
  id        String    @id
  tenantId  String
  title     String
  text      String
  level     String
  from      DateTime  @db.Timestamptz(3)
  until     DateTime? @db.Timestamptz(3)
  createdAt DateTime  @default(now()) @db.Timestamptz(3)
  updatedAt DateTime  @default(now()) @db.Timestamptz(3)
  changed   BigInt    @default(dbgenerated("(pg_current_xact_id())::text::bigint"))
  tenant    Tenant    @relation(fields: [tenantId], references: [id])

  @@index([tenantId, from, id])
  @@index([tenantId, changed])
}
`,
  },
  {
    file: 'src/access/catalog/orchestration.ts',
    after: 'export const orchestration = {\n',
    insert: `  ANNOUNCEMENT: {
    level: 'tenant',
    gates: {
      CREATE: 'Create announcements.',
      READ: 'See announcements.',
      UPDATE: 'Change announcements.',
      DELETE: 'Delete announcements.',
    },
    managed: { Editor: read, Launcher: read, Viewer: read },
    rows: {
      model: 'Announcement',
      feedsAccess: false,
      key: (row) => String(row['title']),
      audited: ['title', 'text', 'level', 'from', 'until'],
      live: true,
      instead: 'change the announcement again',
    },
  },
`,
  },
  {
    file: 'src/access/catalog.ts',
    after: '  BLUEPRINT: orchestration.BLUEPRINT,\n',
    insert: '  ANNOUNCEMENT: orchestration.ANNOUNCEMENT,\n',
  },
  {
    file: 'src/resources/index.ts',
    after: "import './orchestration/blueprint/index.ts';\n",
    insert: "import './orchestration/announcement/index.ts';\n",
  },
  {
    file: 'test/matrix/expected.ts',
    after: "  BLUEPRINT: 'tenant',\n",
    insert: "  ANNOUNCEMENT: 'tenant',\n",
  },
  {
    file: 'test/security/escalation.test.ts',
    after: "    'updateMySettings',\n",
    insert: "    'createAnnouncement',\n    'updateAnnouncement',\n    'deleteAnnouncement',\n",
  },
  {
    file: 'test/matrix/alone.test.ts',
    after: "    const text = { title: 'Own', titleKey: 'own', source: 'id: own' };\n",
    insert:
      "    const announced = { title: 'One', text: 'text', level: 'INFO', from: now };\n    await world.db.announcement.create({ data: { id: newId(), tenantId: a.id, ...announced } });\n",
  },
];
