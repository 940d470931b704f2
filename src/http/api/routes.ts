/** Every route of the API; each file beside this one is one of them. */
import type { FastifyPluginAsync } from 'fastify'
import type { RouteContext } from '../server.ts'
import { addPeerRoute } from './add-peer.ts'
import { answersRoute } from './answers.ts'
import { cancelTaskRoute } from './cancel-task.ts'
import { contextRoute } from './context.ts'
import { convergenceRoute } from './convergence.ts'
import { eventsRoute } from './events.ts'
import { federationStatusRoute } from './federation-status.ts'
import { healthRoute } from './health.ts'
import { livezRoute } from './livez.ts'
import { membersRoute } from './members.ts'
import { memoriesRoute } from './memories.ts'
import { memoryRoute } from './memory.ts'
import { moderationRoute } from './moderation.ts'
import { moderationListsRoute } from './moderation-lists.ts'
import { peersRoute } from './peers.ts'
import { providersRoute } from './providers.ts'
import { purgeRoute } from './purge.ts'
import { quantumRoute } from './quantum.ts'
import { readyzRoute } from './readyz.ts'
import { reindexRoute } from './reindex.ts'
import { rememberRoute } from './remember.ts'
import { resolveTaskRoute } from './resolve-task.ts'
import { retractRoute } from './retract.ts'
import { searchRoute } from './search.ts'
import { sidecarRoute } from './sidecar.ts'
import { spacesRoute } from './spaces.ts'
import { submitTaskRoute } from './submit-task.ts'
import { taskRoute } from './task.ts'
import { taskEventsRoute } from './task-events.ts'
import { tasksRoute } from './tasks.ts'
import { trustRoute } from './trust.ts'
import { wellKnownRoute } from './well-known.ts'

const routes = [
  livezRoute,
  readyzRoute,
  healthRoute,
  rememberRoute,
  memoriesRoute,
  searchRoute,
  contextRoute,
  sidecarRoute,
  reindexRoute,
  memoryRoute,
  retractRoute,
  purgeRoute,
  providersRoute,
  submitTaskRoute,
  tasksRoute,
  taskRoute,
  taskEventsRoute,
  resolveTaskRoute,
  cancelTaskRoute,
  answersRoute,
  convergenceRoute,
  quantumRoute,
  trustRoute,
  peersRoute,
  federationStatusRoute,
  addPeerRoute,
  moderationRoute,
  moderationListsRoute,
  spacesRoute,
  membersRoute,
  eventsRoute,
  wellKnownRoute,
]

export const apiRoutes: FastifyPluginAsync<RouteContext> = async (app, context) => {
  for (const route of routes) await app.register(route, context)
}
