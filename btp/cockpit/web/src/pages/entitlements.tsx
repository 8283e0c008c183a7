export function Page() { return <section class="page"><h1>entitlements</h1></section>; }
