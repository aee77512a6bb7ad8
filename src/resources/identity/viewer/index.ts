import './schema.ts';
import './permissions.ts';
