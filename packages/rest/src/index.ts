export { API_PREFIX } from './api-prefix.ts';
export { type AsyncApiDocument, asyncApiDocument } from './asyncapi/document.ts';
export { registerDocs } from './docs/register-docs.ts';
export { type OpenApiDocument, type OpenApiOptions, openApiDocument } from './openapi/document.ts';
export { errorReference } from './reference/error-reference.ts';
export { generatedDocuments } from './reference/generated-documents.ts';
export { permissionReference } from './reference/permission-reference.ts';
export { type RestOptions, registerRest } from './register-rest.ts';
export { handleError } from './send-failure.ts';
