/** What a task is about: contributors are trusted by domain. */
import type { TaskPayload } from '../protocol/task-payloads.ts'

/** Where nobody said what it is about. */
export const GENERAL = 'general'

/** The domain that the asker named; a task for one role alone is about that role. The same at every spore. */
export const domainOf = ({ domain, roles }: Pick<TaskPayload, 'domain' | 'roles'>): string =>
  domain ?? (roles.length === 1 ? (roles[0] as string) : GENERAL)
