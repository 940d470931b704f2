/**
 * The network of the spores of one test process. A spore that an interrupted run left behind still visits the old ports of
 * loopback: of another network, it cannot walk in here.
 */
export const RUN_NETWORK = `test-${process.pid}`
