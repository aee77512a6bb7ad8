import { remoteUsage } from './remote.ts';

export const verifyForms = [
  'audit verify [--tenant KEY | --instance] [--checkpoints FILE]',
  'audit verify --file EXPORT --public-key FILE [--checkpoints FILE]',
];
export const exportForm = `audit export (--tenant KEY | --instance) --out FILE [--format ndjson|csv] [--resume] ${remoteUsage}`;
