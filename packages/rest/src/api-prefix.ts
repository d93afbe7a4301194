/** Where the REST surface stands; a later major version gets a prefix of its own beside it. */
export const API_PREFIX = '/api/v1';
