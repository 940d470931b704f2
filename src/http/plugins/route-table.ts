/** The routes of a server as they were registered: for whoever answers for all of them, and tests that try each. */
import fp from 'fastify-plugin'

export interface RouteRow {
  readonly method: string
  /** Its pattern, such as `/api/memory/:id`. */
  readonly url: string
  readonly access: 'token' | 'open' | 'signed'
}

declare module 'fastify' {
  interface FastifyInstance {
    /** In the order of registration; HEAD routes that stand beside a GET included. */
    readonly routeTable: readonly RouteRow[]
  }
}

export const routeTablePlugin = fp(async (app) => {
  const rows: RouteRow[] = []
  app.decorate('routeTable', rows)
  app.addHook('onRoute', (route) => {
    const { url } = route
    // Scopes set it by hooks of their own, which run behind this one.
    for (const method of [route.method].flat())
      rows.push({
        method,
        url,
        get access() {
          return route.config?.access ?? 'token'
        },
      })
  })
})
