/** GET /api/tasks: tasks, newest first, a page at a time. */
import { taskPageQuerySchema, taskPageSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const tasksRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/tasks',
    {
      schema: {
        tags: ['task'],
        summary: 'Tasks, newest first',
        querystring: taskPageQuerySchema,
        response: { 200: taskPageSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.tasks(request.query)),
  )
}
