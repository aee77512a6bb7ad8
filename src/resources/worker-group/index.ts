import './resource.ts';
import './schema.ts';
import './inherited-schema.ts';
