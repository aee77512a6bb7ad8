import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Store } from '../../../db/transaction.ts';
import { fold } from '../../../lib/text.ts';
import { parseYaml } from '../../../lib/yaml.ts';
import { description, displayName } from '../../rules.ts';
import { blueprintTags } from './service.ts';

const entry = z.strictObject({ title: displayName, description, tags: blueprintTags, source: z.string().min(1) });
export interface CatalogueEntry {
  readonly id: string;
  readonly title: string;
  readonly titleKey: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly source: string;
}

const file = join(import.meta.dirname, 'catalogue.yaml');

/** The blueprints that ship with Gatehouse. Their IDs are the same in every store. */
export function readCatalogue(): CatalogueEntry[] {
  const read = parseYaml(readFileSync(file, 'utf8'), z.record(z.string(), entry));
  if (!read.ok) throw new Error(`${file}:${read.issues[0]!.line}: ${read.issues[0]!.message}`);
  return Object.entries(read.value).map(([key, { title, description = null, tags, source }]) => ({
    id: `catalogue-${key}`,
    title,
    titleKey: fold(title),
    description,
    tags,
    source,
  }));
}

/** Updates the stored catalogue to this version. Unchanged entries keep their rows. */
export async function syncCatalogue({ prisma }: Store): Promise<void> {
  const entries = JSON.stringify(readCatalogue());
  // One statement each, so that gateways that start together do not conflict.
  await prisma.$executeRaw`
    DELETE FROM "Blueprint" b WHERE b."tenantId" IS NULL AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(${entries}::jsonb) e(id text, title text, description text, tags text[], source text)
      WHERE e.id = b.id AND e.title = b.title AND e.description IS NOT DISTINCT FROM b.description
        AND e.tags = b.tags AND e.source = b.source)`;
  await prisma.$executeRaw`
    INSERT INTO "Blueprint" (id, title, "titleKey", description, tags, source)
    SELECT id, title, "titleKey", description, tags, source
    FROM jsonb_to_recordset(${entries}::jsonb)
      e(id text, title text, "titleKey" text, description text, tags text[], source text)
    ON CONFLICT DO NOTHING`;
}
