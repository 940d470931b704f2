/** POST /api/task: asks a question. 201, for the task is durable when the reply leaves; its answer may come later. */
import { taskAcceptedSchema, taskInputSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const submitTaskRoute: Route = async (app, { spore }) => {
  app.post(
    '/api/task',
    {
      schema: {
        tags: ['task'],
        summary: 'Ask a question',
        querystring: emptyQuerySchema,
        body: taskInputSchema,
        response: { 201: taskAcceptedSchema, ...problems },
      },
    },
    async (request, reply) => reply.code(201).send(unwrap(await spore.submitTask(request.body))),
  )
}
