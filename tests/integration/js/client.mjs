// MQTT.js driven line by line, so that tests can be written in Python.
//
// Each input line is a command: {"call": 1, "do": "connect", "client": "a", ...}. Each output line
// is either its answer ({"call": 1, ...}, with "error" if it failed) or something that happened:
// {"event": "message" | "disconnect" | "close" | "connect" | "error", "client": "a", ...}. Payloads and
// correlation data are in base64. The program ends when its input does.

import { createInterface } from "node:readline";

import mqtt from "mqtt";

const AT_ONCE = 500;
const clients = new Map();

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function bytes(text) {
  return Buffer.from(text, "base64");
}

function propertiesOut(properties = {}) {
  const made = { ...properties };
  if (made.correlationData !== undefined) {
    made.correlationData = made.correlationData.toString("base64");
  }
  return made;
}

function propertiesIn(properties) {
  if (properties === undefined || properties === null) {
    return undefined;
  }
  const made = { ...properties };
  if (made.correlationData !== undefined) {
    made.correlationData = bytes(made.correlationData);
  }
  return made;
}

function connect({ client: name, options }) {
  const { will, ...given } = options;
  if (will !== undefined) {
    given.will = { ...will, payload: bytes(will.payload) };
  }
  const client = mqtt.connect(given);
  clients.set(name, client);
  client.on("message", (topic, payload, packet) => {
    say({
      event: "message",
      client: name,
      topic,
      payload: payload.toString("base64"),
      qos: packet.qos,
      retain: packet.retain,
      dup: packet.dup,
      properties: propertiesOut(packet.properties),
    });
  });
  client.on("disconnect", (packet) => {
    say({ event: "disconnect", client: name, reasonCode: packet.reasonCode });
  });
  client.on("error", (error) => say({ event: "error", client: name, error: `${error}` }));
  client.on("close", () => say({ event: "close", client: name }));
  client.on("connect", (connack) => {
    say({ event: "connect", client: name, sessionPresent: connack.sessionPresent });
  });
  return new Promise((resolve, reject) => {
    client.once("connect", (connack) => {
      resolve({ sessionPresent: connack.sessionPresent, properties: connack.properties });
    });
    client.once("error", reject);
  });
}

async function subscribe({ client, filters, options }) {
  const granted = await clients.get(client).subscribeAsync(filters, options);
  return { granted: granted.map(({ qos }) => qos) };
}

async function publish({ client, topic, payloads, qos, retain, properties }) {
  const options = { qos, retain, properties: propertiesIn(properties) };
  const publisher = clients.get(client);
  // MQTT.js does not heed the broker's Receive Maximum; its users have to.
  for (let start = 0; start < payloads.length; start += AT_ONCE) {
    const batch = payloads.slice(start, start + AT_ONCE);
    await Promise.all(
      batch.map((payload) => publisher.publishAsync(topic, bytes(payload), options)),
    );
  }
  return {};
}

async function end({ client }) {
  await clients.get(client).endAsync();
  return {};
}

const commands = { connect, subscribe, publish, end };

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command).then(
    (answer) => say({ call: command.call, ...answer }),
    (error) => say({ call: command.call, error: `${error.message ?? error}` }),
  );
}
process.exit(0);
