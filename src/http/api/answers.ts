/** GET /api/answers: tasks that have an answer, newest first, a page at a time. */
import { answerPageQuerySchema, answerPageSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const answersRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/answers',
    {
      schema: {
        tags: ['task'],
        summary: 'Answers, newest first, each with how it came about',
        querystring: answerPageQuerySchema,
        response: { 200: answerPageSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.answers(request.query)),
  )
}
