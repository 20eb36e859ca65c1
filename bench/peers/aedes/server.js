// aedes as a broker for bench/: anonymous, in memory, on the host and port given as arguments.
import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const [host, port] = process.argv.slice(2)
const broker = await Aedes.createBroker()
createServer(broker.handle).listen({ host, port: Number(port), backlog: 1024 })
