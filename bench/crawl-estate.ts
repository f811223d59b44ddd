export async function scanEstate(): Promise<void> {}
