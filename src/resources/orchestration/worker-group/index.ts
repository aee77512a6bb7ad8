import './schema.ts';
import './inherited-schema.ts';
