import {
  type CreateFormInput,
  type Form,
  FormCreated,
  FormDeleted,
  type FormInput,
  FormKeyRotated,
  FormNotFound,
  FormUpdated,
  type FormWithKey,
  type UpdateFormInput,
} from '@morket/contract/form';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { Db, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { assertWithinLimitIn } from '../plan/index.ts';
import { record } from '../record/index.ts';
import * as repo from './form.repo.ts';
import { type FormKey, newFormKey } from './form-key.ts';

/** Where forms are sent to. */
export const FORM_HOOK_PATH = '/hooks/forms';

const withoutKey = ({ form }: FormWithKey): FormWithKey => ({ form, key: null, path: null });
const shown = (form: Form, { key }: FormKey): FormWithKey => ({ form, key, path: `${FORM_HOOK_PATH}/${key}` });

const settingsOf = ({ name, allowedOrigins, honeypot, fields, active }: Form) => ({
  ...{ name, allowedOrigins, honeypot, fields, active },
});

/** Forms of a workspace and their keys. */
export function createFormService({ db }: { readonly db: Db }) {
  async function lock(tx: Tx, scope: WorkspaceScope, id: string): Promise<Form> {
    const form = await repo.lockForm(tx, scope, id);
    if (!form) throw FormNotFound({});
    return form;
  }

  /** Throws `plan.limit_reached`. */
  async function create(scope: WorkspaceScope, input: CreateFormInput): Promise<FormWithKey> {
    const { name, allowedOrigins, honeypot, fields } = input;
    const id = newId();
    const key = newFormKey();
    return once(
      db,
      scope,
      async (tx) => {
        await assertWithinLimitIn(tx, scope, 'forms');
        const settings = { name, allowedOrigins, honeypot, fields, active: true };
        const form = await repo.insertForm(tx, scope, { id, settings, key });
        await record(tx, scope, FormCreated(id, settings));
        return shown(form, key);
      },
      { keep: withoutKey },
    );
  }

  /** Throws `form.not_found`. */
  async function get(scope: WorkspaceScope, { formId }: FormInput): Promise<Form> {
    const form = await repo.findForm(db.read, scope, formId);
    if (!form) throw FormNotFound({});
    return form;
  }

  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<Form>> {
    const { items, total } = await repo.listForms(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** What is left out stays. Throws `form.not_found`. */
  async function update(scope: WorkspaceScope, input: UpdateFormInput): Promise<Form> {
    return once(db, scope, async (tx) => {
      const before = await lock(tx, scope, input.formId);
      const settings = {
        name: input.name ?? before.name,
        allowedOrigins: input.allowedOrigins ?? before.allowedOrigins,
        honeypot: input.honeypot === undefined ? before.honeypot : input.honeypot,
        fields: input.fields ?? before.fields,
        active: input.active ?? before.active,
      };
      const after = await repo.saveForm(tx, scope, input.formId, settings);
      await record(tx, scope, FormUpdated(after.id, settings), { before: settingsOf(before), after: settings });
      return after;
    });
  }

  /** The key of before is good for nothing from now on. Throws `form.not_found`. */
  async function rotateKey(scope: WorkspaceScope, { formId }: FormInput): Promise<FormWithKey> {
    const key = newFormKey();
    return once(
      db,
      scope,
      async (tx) => {
        const before = await lock(tx, scope, formId);
        const form = await repo.saveKey(tx, scope, formId, key);
        await record(tx, scope, FormKeyRotated(formId, { keyPrefix: key.keyPrefix }), {
          before: { keyPrefix: before.keyPrefix },
          after: { keyPrefix: key.keyPrefix },
        });
        return shown(form, key);
      },
      { keep: withoutKey },
    );
  }

  /** With everything that was sent to it. Throws `form.not_found`. */
  async function remove(scope: WorkspaceScope, { formId }: FormInput): Promise<null> {
    return once(db, scope, async (tx) => {
      const before = await lock(tx, scope, formId);
      await repo.deleteForm(tx, scope, formId);
      await record(tx, scope, FormDeleted(formId, { name: before.name }), { before: settingsOf(before), after: {} });
      return null;
    });
  }

  return { create, get, list, update, rotateKey, delete: remove };
}

export type FormService = ReturnType<typeof createFormService>;
