import './schema.ts';
import './trial-schema.ts';
