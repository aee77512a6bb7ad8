import './resource.ts';
import './schema.ts';
