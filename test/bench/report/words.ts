export function clientsText(clients: number): string {
  return clients === 1 ? "1 client" : `${String(clients)} clients`;
}
