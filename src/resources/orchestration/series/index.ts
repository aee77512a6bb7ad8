import './schema.ts';
import './metrics-schema.ts';
