// The load generator of bench/: MQTT publishers and subscribers in one thread with epoll, fast
// enough that the broker is what is measured. bench/load.py compiles it and reads its answer.
//
//   load KEY=VALUE...
//
// port, shape, publishers, subscribers, qos, level (4 or 5), payload, window, rate, seconds,
// messages, patience, stalled, filters, topics, durable, away, waiting, pings: as in `given` below. shape is pair (publisher i to
// subscriber i), fanout (every publisher to all subscribers), fanin (every publisher to every
// subscriber, over a wildcard) or listed: the lines of the file `filters` are dealt out to the
// subscribers in equal blocks, and publishers go through the file `topics`, whose lines are a topic
// and, before it and a space, how many subscribers have a filter that matches.
//
// A publisher has at most `window` messages that are not delivered (and, above QoS 0, not
// acknowledged); `rate` is its messages per second, 0 for as many as the window lets through. It
// stops after `seconds` or `messages`, whichever is first; what is under way then may take
// DRAIN_SECONDS to arrive. The last `stalled` subscribers do not read once they have subscribed.
//
// With durable=1 the subscribers' sessions outlive their connections; with away=1 they leave when
// they have subscribed, so that messages are acknowledged and wait. waiting=N: that many messages of
// publisher 0 wait for them from an earlier run; they do not subscribe, and are done when all have
// come. With pings=1 one more client sends PINGREQ, a millisecond after the answer to the last one:
// how long the answers take at most is how long the broker does nothing else.
//
// Each payload begins with the time it was written, its publisher and its number, so latency, order,
// loss and duplicates are known. When all have subscribed, it prints how long that took and waits
// for a line on standard input; at the end it prints what it counted. Both are one line of JSON.
// Exit 0 if everything arrived once and in order, 1 if not, 2 for wrong arguments, 3 if the broker
// refused or closed a connection.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNACK = 2, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 9 };
enum { PINGREQ = 12, PINGRESP, DISCONNECT };
enum { MQTT_5 = 5, HEADER = 16, CHUNK = 1 << 17, BUCKETS = 2048, MOST_FILTERS = 100 };
#define DRAIN_SECONDS 5.0
#define KEEP_ALIVE 600  // longer than any run; rumqttd lets nobody in without one
#define MOST_UNSENT (1 << 18)

typedef struct {
  uint8_t *data;
  size_t start, end, size;
} Buffer;

typedef struct {
  int fd, index;
  bool publishes, stalls, pings, away, waits_to_write;
  Buffer in, out;
  uint64_t sent, acknowledged, due, delivered;  // of a publisher; the last two count copies
  uint16_t packet_id;
  int subscribed;  // of a subscriber: how many of its filters
  uint32_t *next;  // of a subscriber: the number it expects from each publisher
} Client;

typedef struct {
  char **text;
  int *copies, count;
  double mean_copies;
} Lines;

static struct {
  int port, publishers, subscribers, qos, level, payload, window, stalled, durable, away, pings;
  const char *shape, *filters, *topics;
  double rate, seconds, patience;
  uint64_t messages, waiting;
} given = {.level = 4, .payload = HEADER, .window = 1, .patience = 10, .shape = "pair"};

static Client *clients, *pinger;
static double pinged, answered;  // when the last ping was sent, 0 if it is answered; and when that was
static uint64_t longest_ping_us;
static uint8_t noise[CHUNK];
static Lines filters, topics;
static bool listed;
static int poller, ready, copies;
static uint64_t received, duplicates, misordered, latency[BUCKETS], slowest;

static void fail(int status, const char *what, const char *detail) {
  fprintf(stderr, "load: %s%s%s\n", what, *detail ? ": " : "", detail);
  exit(status);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// -- latency: exact up to 64 us, then 32 buckets for every power of two -------------------------

static int bucket(uint64_t us) {
  if (us < 64) return (int)us;
  int shift = 58 - __builtin_clzll(us);
  int at = 32 * shift + (int)(us >> shift);
  return at < BUCKETS ? at : BUCKETS - 1;
}

static uint64_t bucket_us(int at) {
  return at < 64 ? (uint64_t)at : (uint64_t)(32 + at % 32) << (at / 32 - 1);
}

static uint64_t percentile(double share) {
  uint64_t wanted = (uint64_t)((double)received * share), seen = 0;
  for (int at = 0; at < BUCKETS; at++) {
    seen += latency[at];
    if (seen > wanted) return bucket_us(at);
  }
  return slowest;
}

// -- bytes --------------------------------------------------------------------------------------

static uint8_t *room(Buffer *buffer, size_t length) {
  if (buffer->end + length > buffer->size) {
    memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
    buffer->end -= buffer->start;
    buffer->start = 0;
    while (buffer->end + length > buffer->size) {
      buffer->size = buffer->size ? buffer->size * 2 : CHUNK;
      buffer->data = realloc(buffer->data, buffer->size);
      if (buffer->data == NULL) fail(2, "out of memory", "");
    }
  }
  return buffer->data + buffer->end;
}

static void append(Buffer *buffer, const void *data, size_t length) {
  memcpy(room(buffer, length), data, length);
  buffer->end += length;
}

static size_t put_length(uint8_t *at, size_t length) {
  size_t used = 0;
  do {
    at[used++] = (uint8_t)(length % 128 | (length >= 128 ? 128 : 0));
    length /= 128;
  } while (length);
  return used;
}

static size_t put_string(uint8_t *at, const char *text) {
  size_t length = strlen(text);
  at[0] = (uint8_t)(length >> 8);
  at[1] = (uint8_t)length;
  memcpy(at + 2, text, length);
  return length + 2;
}

static void put_packet(Client *client, uint8_t first, const uint8_t *body, size_t length) {
  uint8_t head[5] = {first};
  append(&client->out, head, 1 + put_length(head + 1, length));
  append(&client->out, body, length);
}

static void watch(Client *client, bool to_write) {
  if (client->waits_to_write == to_write) return;
  client->waits_to_write = to_write;
  struct epoll_event event = {.events = EPOLLIN | (to_write ? EPOLLOUT : 0), .data.ptr = client};
  epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &event);
}

static void flush(Client *client) {
  Buffer *out = &client->out;
  while (out->start < out->end) {
    ssize_t done = send(client->fd, out->data + out->start, out->end - out->start, MSG_NOSIGNAL);
    if (done < 0 && errno == EAGAIN) {
      watch(client, true);
      return;
    }
    if (done < 0) fail(3, "the broker closed a connection", strerror(errno));
    out->start += (size_t)done;
  }
  out->start = out->end = 0;
  watch(client, false);
}

// -- listed topics and filters ------------------------------------------------------------------

static Lines read_lines(const char *path, bool with_copies) {
  Lines lines = {0};
  char line[256];
  double sum = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(2, path, strerror(errno));
  for (int size = 0; fgets(line, sizeof line, file);) {
    if (lines.count == size) {
      size = size ? size * 2 : 1024;
      lines.text = realloc(lines.text, (size_t)size * sizeof *lines.text);
      lines.copies = realloc(lines.copies, (size_t)size * sizeof *lines.copies);
      if (lines.text == NULL || lines.copies == NULL) fail(2, "out of memory", "");
    }
    line[strcspn(line, "\n")] = 0;
    char *text = with_copies ? strchr(line, ' ') : line;
    if (text == NULL) fail(2, path, "a line without a space");
    lines.copies[lines.count] = atoi(line);
    sum += lines.copies[lines.count];
    lines.text[lines.count++] = strdup(text + with_copies);
  }
  fclose(file);
  if (lines.count == 0) fail(2, path, "no lines");
  lines.mean_copies = sum / lines.count;
  return lines;
}

static int topic_number(const Client *client) {
  // Spread out, so that neighbours in the file do not follow each other.
  uint64_t step = client->sent * (uint64_t)given.publishers + (uint64_t)client->index;
  return (int)(step * 2654435761u % (uint64_t)topics.count);
}

// The subscriber's filters are those from the first of these numbers to before the second.
static int first_filter(int subscriber) {
  return (int)((int64_t)filters.count * subscriber / given.subscribers);
}

// -- what clients say ---------------------------------------------------------------------------

static size_t put_topic(uint8_t *at, const Client *client, bool filter) {
  char name[32];
  if (listed) return put_string(at, topics.text[topic_number(client)]);
  if (!strcmp(given.shape, "pair")) snprintf(name, sizeof name, "bench/pair/%d", client->index);
  else if (!strcmp(given.shape, "fanout")) snprintf(name, sizeof name, "bench/all");
  else if (filter) snprintf(name, sizeof name, "bench/in/+");
  else snprintf(name, sizeof name, "bench/in/%d", client->index);
  return put_string(at, name);
}

static void say_connect(Client *client) {
  uint8_t body[64];
  char name[32];
  size_t length = put_string(body, "MQTT");
  body[length++] = (uint8_t)given.level;
  bool durable = given.durable && !client->publishes && !client->pings;
  body[length++] = durable ? 0 : 2;  // Clean Start
  body[length++] = KEEP_ALIVE >> 8;
  body[length++] = KEEP_ALIVE & 255;
  if (given.level == MQTT_5) {
    static const uint8_t expiry[] = {5, 0x11, 0, 0, 0x0e, 0x10};  // an hour
    if (durable) memcpy(body + length, expiry, sizeof expiry);
    else body[length] = 0;
    length += durable ? sizeof expiry : 1;
  }
  const char *kind = client->pings ? "ping" : client->publishes ? "p" : "s";
  snprintf(name, sizeof name, "load-%s-%d", kind, client->index);
  length += put_string(body + length, name);
  put_packet(client, 0x10, body, length);
}

static void say_subscribe(Client *client) {
  static uint8_t body[MOST_FILTERS * 260];
  size_t length = 2;
  body[1] = 1;
  if (given.level == MQTT_5) body[length++] = 0;
  int at = first_filter(client->index) + client->subscribed;
  int end = listed ? first_filter(client->index + 1) : at + 1;
  if (end > at + MOST_FILTERS) end = at + MOST_FILTERS;
  client->subscribed += end - at;
  for (; at < end; at++) {
    if (listed) length += put_string(body + length, filters.text[at]);
    else length += put_topic(body + length, client, true);
    body[length++] = (uint8_t)given.qos;
  }
  put_packet(client, 0x82, body, length);
}

static bool all_subscribed(const Client *client) {
  int own = first_filter(client->index + 1) - first_filter(client->index);
  return !listed || client->subscribed == own;
}

static void say_publish(Client *client, double time) {
  uint8_t head[300];
  size_t length = put_topic(head, client, false);
  client->due += (uint64_t)(listed ? topics.copies[topic_number(client)] : copies);
  if (given.qos) {
    if (++client->packet_id == 0) client->packet_id = 1;
    head[length++] = (uint8_t)(client->packet_id >> 8);
    head[length++] = (uint8_t)client->packet_id;
  }
  if (given.level == MQTT_5) head[length++] = 0;
  uint8_t first[5] = {(uint8_t)(0x30 | given.qos << 1)};
  append(&client->out, first, 1 + put_length(first + 1, length + (size_t)given.payload));
  append(&client->out, head, length);
  uint8_t *payload = room(&client->out, (size_t)given.payload);
  uint32_t publisher = (uint32_t)client->index, number = (uint32_t)client->sent;
  memcpy(payload, &time, 8);
  memcpy(payload + 8, &publisher, 4);
  memcpy(payload + 12, &number, 4);
  // Random, since brokers compress what they store.
  for (size_t at = HEADER; at < (size_t)given.payload;) {
    size_t from = (size_t)(number * 2654435761u + publisher) % (CHUNK / 2);
    size_t part = (size_t)given.payload - at < CHUNK / 2 ? (size_t)given.payload - at : CHUNK / 2;
    memcpy(payload + at, noise + from, part);
    at += part;
  }
  client->out.end += (size_t)given.payload;
  client->sent++;
}

static bool may_publish(const Client *client, double since_start) {
  uint64_t window = (uint64_t)given.window;
  if (client->sent >= given.messages) return false;
  if (client->out.end - client->out.start > MOST_UNSENT) return false;
  // One after the other: all at once, they would measure how long a thousand messages take.
  double phase = (double)client->index / given.publishers;
  if (given.rate > 0 && (double)client->sent >= since_start * given.rate - phase) return false;
  if (given.qos && client->sent - client->acknowledged >= window) return false;
  double each = listed ? topics.mean_copies : copies;
  if (each == 0) return true;  // nobody gets them now
  return (double)(client->due - client->delivered) < (double)window * each;
}

// -- what the broker says -----------------------------------------------------------------------

static void answer(Client *client, int type, const uint8_t *packet_id) {
  uint8_t packet[4] = {(uint8_t)(type << 4 | (type == PUBREL ? 2 : 0)), 2, packet_id[0], packet_id[1]};
  append(&client->out, packet, 4);
}

static size_t read_length(const uint8_t *at, size_t available, size_t *length) {
  *length = 0;
  for (size_t used = 0; used < available && used < 4; used++) {
    *length |= (size_t)(at[used] & 127) << (7 * used);
    if (at[used] < 128) return used + 1;
  }
  return 0;
}

static void take_message(Client *client, const uint8_t *body, int qos) {
  const uint8_t *packet_id = body + 2 + (body[0] << 8 | body[1]);
  const uint8_t *payload = packet_id + (qos ? 2 : 0);
  if (given.level == MQTT_5) {
    size_t properties, used = read_length(payload, 4, &properties);
    payload += used + properties;
  }
  double written;
  uint32_t publisher, number;
  memcpy(&written, payload, 8);
  memcpy(&publisher, payload + 8, 4);
  memcpy(&number, payload + 12, 4);
  uint64_t us = (uint64_t)((now() - written) * 1e6);
  latency[bucket(us)]++;
  if (us > slowest) slowest = us;
  received++;
  if (number < client->next[publisher]) duplicates++;
  else if (number > client->next[publisher] && !listed) misordered++;
  client->next[publisher] = number + 1;
  clients[publisher].delivered++;
  if (qos) answer(client, qos == 1 ? PUBACK : PUBREC, packet_id);
}

static void take_connack(Client *client, const uint8_t *body) {
  char code[16];
  snprintf(code, sizeof code, "0x%02x", body[1]);
  if (body[1]) fail(3, "the broker refused a connection", code);
  bool subscribes = !client->publishes && !client->pings;
  if (subscribes && given.waiting && !body[0]) fail(3, "the broker has lost a session", "");
  if (subscribes && !given.waiting) say_subscribe(client);
  else ready++;
}

static void leave(Client *client) {
  static const uint8_t nothing[1];
  put_packet(client, DISCONNECT << 4, nothing, 0);
  flush(client);
  close(client->fd);
  client->away = true;
}

static void ping(double time) {
  static const uint8_t nothing[1];
  if (!given.pings || pinged || time < answered + 0.001) return;
  pinged = time;
  put_packet(pinger, PINGREQ << 4, nothing, 0);
  flush(pinger);
}

static void take_pong(void) {
  answered = now();
  uint64_t us = (uint64_t)((answered - pinged) * 1e6);
  if (us > longest_ping_us) longest_ping_us = us;
  pinged = 0;
}

static void take_packet(Client *client, uint8_t first, const uint8_t *body, size_t length) {
  char code[16];
  snprintf(code, sizeof code, "0x%02x", length > 1 ? body[length - 1] : 0);
  switch (first >> 4) {
    case CONNACK:
      take_connack(client, body);
      break;
    case PINGRESP: take_pong(); break;
    case SUBACK:
      if (body[length - 1] != given.qos) fail(3, "the broker granted another QoS", code);
      if (!all_subscribed(client)) say_subscribe(client);
      else ready++;
      if (given.away) leave(client);
      if (client->stalls) epoll_ctl(poller, EPOLL_CTL_DEL, client->fd, NULL);
      break;
    case PUBLISH: take_message(client, body, first >> 1 & 3); break;
    case PUBACK:
    case PUBCOMP: client->acknowledged++; break;
    case PUBREC: answer(client, PUBREL, body); break;
    case PUBREL: answer(client, PUBCOMP, body); break;
    case DISCONNECT:
      snprintf(code, sizeof code, "0x%02x", length ? body[0] : 0);
      fail(3, "the broker disconnected a client", code);
      break;
    default: fail(3, "the broker sent an unexpected packet", code);
  }
}

static void receive(Client *client) {
  Buffer *in = &client->in;
  uint8_t *space = room(in, CHUNK);
  ssize_t got = recv(client->fd, space, CHUNK, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) fail(3, "the broker closed a connection", got ? strerror(errno) : "");
  in->end += (size_t)got;
  while (in->end - in->start >= 2 && !client->away) {
    const uint8_t *packet = in->data + in->start;
    size_t available = in->end - in->start, length;
    size_t used = read_length(packet + 1, available - 1, &length);
    if (used == 0 || available < 1 + used + length) break;
    take_packet(client, packet[0], packet + 1 + used, length);
    in->start += 1 + used + length;
  }
  if (client->away) return;
  if (in->start == in->end) in->start = in->end = 0;
  flush(client);
}

// -- the run ------------------------------------------------------------------------------------

static void open_client(Client *client, int index, bool publishes) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)given.port)};
  int yes = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  client->index = index;
  client->publishes = publishes;
  client->pings = client == pinger;
  client->stalls = !publishes && !client->pings && index >= given.subscribers - given.stalled;
  client->next = calloc((size_t)given.publishers, sizeof *client->next);
  client->fd = socket(AF_INET, SOCK_STREAM, 0);
  int small = 4096;  // what a stalled client's system takes is not the broker's to keep
  if (client->stalls) setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (connect(client->fd, (struct sockaddr *)&address, sizeof address))
    fail(3, "no connection", strerror(errno));
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(client->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  epoll_ctl(poller, EPOLL_CTL_ADD, client->fd, &event);
  say_connect(client);
  flush(client);
}

static void turn(int wait_ms) {
  struct epoll_event events[256];
  int count = epoll_wait(poller, events, 256, wait_ms);
  for (int at = 0; at < count; at++) {
    Client *client = events[at].data.ptr;
    if (events[at].events & EPOLLOUT) flush(client);
    if (events[at].events & ~(uint32_t)EPOLLOUT) receive(client);
  }
}

static bool all_done(void) {
  for (int at = 0; at < given.publishers; at++) {
    const Client *client = &clients[at];
    if (client->delivered < client->due) return false;
    if (given.qos && client->acknowledged < client->sent) return false;
  }
  return true;
}

static double run(void) {
  double start = now(), end = start + given.seconds, last = start;
  bool sending = true;
  while (sending || !all_done()) {
    if (now() > end + DRAIN_SECONDS) break;
    double time = last = now();
    sending = false;
    for (int at = 0; at < given.publishers && time < end; at++) {
      Client *client = &clients[at];
      bool more = may_publish(client, time - start);
      while (may_publish(client, time - start)) say_publish(client, now());
      if (more) flush(client);
      sending |= client->sent < given.messages;
    }
    ping(time);
    turn(given.rate > 0 || given.pings ? 1 : 100);
  }
  return (all_done() ? now() : last) - start;
}

static void take_argument(const char *argument) {
  const char *value = strchr(argument, '=');
  if (value == NULL) fail(2, "not KEY=VALUE", argument);
  size_t length = (size_t)(value++ - argument);
#define IS(name) (length == strlen(name) && !strncmp(argument, name, length))
  if (IS("port")) given.port = atoi(value);
  else if (IS("shape")) given.shape = value;
  else if (IS("publishers")) given.publishers = atoi(value);
  else if (IS("subscribers")) given.subscribers = atoi(value);
  else if (IS("qos")) given.qos = atoi(value);
  else if (IS("level")) given.level = atoi(value);
  else if (IS("payload")) given.payload = atoi(value);
  else if (IS("window")) given.window = atoi(value);
  else if (IS("rate")) given.rate = atof(value);
  else if (IS("seconds")) given.seconds = atof(value);
  else if (IS("messages")) given.messages = strtoull(value, NULL, 10);
  else if (IS("patience")) given.patience = atof(value);
  else if (IS("stalled")) given.stalled = atoi(value);
  else if (IS("durable")) given.durable = atoi(value);
  else if (IS("away")) given.away = atoi(value);
  else if (IS("waiting")) given.waiting = strtoull(value, NULL, 10);
  else if (IS("pings")) given.pings = atoi(value);
  else if (IS("filters")) given.filters = value;
  else if (IS("topics")) given.topics = value;
  else fail(2, "unknown argument", argument);
#undef IS
}

static void prepare(void) {
  if (given.payload < HEADER) fail(2, "the payload is too small", "");
  bool pair = !strcmp(given.shape, "pair");
  if (pair && given.publishers != given.subscribers)
    fail(2, "a pair has as many publishers as subscribers", "");
  copies = pair ? 1 : given.subscribers - given.stalled;
  if (given.away) copies = 0;
  uint32_t random = 1;
  for (size_t at = 0; at < sizeof noise; at++) {
    random = random * 1664525u + 1013904223u;
    noise[at] = (uint8_t)(random >> 24);
  }
  listed = !strcmp(given.shape, "listed");
  if (!listed) return;
  if (given.filters == NULL || given.topics == NULL) fail(2, "listed needs filters and topics", "");
  filters = read_lines(given.filters, false);
  topics = read_lines(given.topics, true);
  if (filters.count < given.subscribers) fail(2, "fewer filters than subscribers", "");
}

int main(int count, char **argument) {
  for (int at = 1; at < count; at++) take_argument(argument[at]);
  prepare();
  poller = epoll_create1(0);
  int total = given.publishers + given.subscribers + given.pings;
  clients = calloc((size_t)total, sizeof *clients);
  pinger = given.pings ? &clients[total - 1] : NULL;
  double begun = now();
  for (int at = 0; at < total; at++) {
    bool publishes = at < given.publishers;
    open_client(&clients[at], publishes ? at : at - given.publishers, publishes);
  }
  clients[0].due = given.waiting;
  while (ready < total) {
    if (now() > begun + given.patience) fail(3, "the broker did not answer in time", "");
    turn(100);
  }
  printf("{\"ready_seconds\": %.4f}\n", now() - begun);
  fflush(stdout);
  if (getchar() == EOF) return 2;
  double seconds = run();
  uint64_t sent = 0, expected = 0;
  for (int at = 0; at < given.publishers; at++) {
    sent += clients[at].sent;
    expected += clients[at].due;
  }
  printf("{\"seconds\": %.4f, \"sent\": %lu, \"expected\": %lu, \"received\": %lu, "
         "\"duplicates\": %lu, \"misordered\": %lu, \"p50_us\": %lu, \"p99_us\": %lu, "
         "\"max_us\": %lu, \"ping_us\": %lu}\n", seconds, sent, expected, received, duplicates,
         misordered, percentile(0.5), percentile(0.99), slowest, longest_ping_us);
  fflush(stdout);
  return received == expected && !duplicates && !misordered ? 0 : 1;
}
