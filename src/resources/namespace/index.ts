import './resource.ts';
import './schema.ts';
import './settings-schema.ts';
