/** Moderation as a command sees it: that of the running spore over HTTP, or of the folder opened in this process. */
import type { z } from 'zod'
import { ok, type Result } from '../core/base/result.ts'
import type { Moderator } from '../core/moderation/moderator.ts'
import type { Failure } from '../core/protocol/errors.ts'
import * as api from '../core/protocol/moderation-api.ts'

type Reply<T> = Promise<Result<T, Failure>>

export interface ModerationAccess {
  rule(input: api.RuleInput): Reply<api.Ruled>
  lift(input: api.LiftInput): Reply<api.Ruled>
  allowOnly(input: api.AllowOnlyInput): Reply<api.AllowOnlyReply>
  rules(query: api.ModerationPageQuery): Reply<api.RulePage>
  audit(query: api.ModerationPageQuery): Reply<api.AuditPage>
  drafts(query: api.ModerationPageQuery): Reply<api.DraftPage>
  importList(input: api.ImportInput): Reply<api.Imported>
  applyDrafts(input: api.DraftsInput): Reply<api.DraftsApplied>
  discardDrafts(input: api.DraftsInput): Reply<{ discarded: number }>
  exportList(query: api.ExportQuery): Reply<api.Exported>
}

/** Who is named in the audit for a command that opened the folder itself. */
const BY_COMMAND = 'command'

export const folderModeration = (moderator: Moderator): ModerationAccess => ({
  rule: (input) => moderator.rule(input, BY_COMMAND),
  lift: (input) => moderator.lift(input, BY_COMMAND),
  allowOnly: (input) => moderator.allowOnly(input, BY_COMMAND),
  rules: async (query) => moderator.rules(query),
  audit: async (query) => moderator.audit(query),
  drafts: async (query) => moderator.drafts(query),
  importList: (input) => moderator.importList(input, BY_COMMAND),
  applyDrafts: (input) => moderator.applyDrafts(input, BY_COMMAND),
  discardDrafts: (input) => moderator.discardDrafts(input, BY_COMMAND),
  exportList: async (query) => ok(moderator.exportList(query)),
})

/** `get` and `post` call a route of the running spore, and check its reply. */
export function httpModeration(
  get: <T>(path: string, query: Readonly<Record<string, unknown>>, schema: z.ZodType<T>) => Reply<T>,
  post: <T>(path: string, body: unknown, schema: z.ZodType<T>) => Reply<T>,
): ModerationAccess {
  const path = '/api/moderation'
  return {
    rule: (input) => post(path, input, api.ruledSchema),
    lift: (input) => post(`${path}/lift`, input, api.ruledSchema),
    allowOnly: (input) => post(`${path}/allow-only`, input, api.allowOnlyReplySchema),
    rules: (query) => get(path, query, api.rulePageSchema),
    audit: (query) => get(`${path}/audit`, query, api.auditPageSchema),
    drafts: (query) => get(`${path}/drafts`, query, api.draftPageSchema),
    importList: (input) => post(`${path}/import`, input, api.importedSchema),
    applyDrafts: (input) => post(`${path}/drafts/apply`, input, api.draftsAppliedSchema),
    discardDrafts: (input) => post(`${path}/drafts/discard`, input, api.draftsDiscardedSchema),
    exportList: (query) => get(`${path}/export`, query, api.exportedSchema),
  }
}
