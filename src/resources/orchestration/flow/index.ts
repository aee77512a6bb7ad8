import './schema.ts';
import './revision-schema.ts';
import './dependency-schema.ts';
import './mutations.ts';
import './bulk-schema.ts';
import './import.ts';
