import './schema.ts';
import './uses.ts';
