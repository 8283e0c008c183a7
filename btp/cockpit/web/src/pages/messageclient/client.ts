import type { BusClient, Queue, Webhook } from "../../api/types";

// Client is a message client with what is its own on the bus.
export interface Client {
  client: BusClient;
  queues: Queue[];
  webhooks: Webhook[];
  // bus and path are the addresses of its bus, and of what it does there.
  bus: string;
  path: string;
}
