import { errorReference, permissionReference, openApiDocument } from './src/index.ts';
import { writeFileSync } from 'node:fs';
const t=performance.now();
const d=openApiDocument({version:'0.1.0'}); console.log('ms',performance.now()-t);
writeFileSync('/tmp/notes/rest/openapi.json',JSON.stringify(d,null,1));
console.log(JSON.stringify(d).length, Object.keys(d.components.schemas));
writeFileSync('/tmp/notes/rest/errors.md',errorReference());
writeFileSync('/tmp/notes/rest/permissions.md',permissionReference());
