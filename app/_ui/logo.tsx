export function Logo({ size = 20 }: { size?: number }) {
  return (
    <span className="inline-flex items-center gap-2 font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
        <path
          d="M16 4a9 9 0 0 0-9 9v6l-2.6 4h23.2L25 19v-6a9 9 0 0 0-9-9Z"
          fill="none"
          stroke="currentColor"
          strokeWidth="2.6"
          strokeLinejoin="round"
        />
        <path
          d="M12.6 26.5a3.5 3.5 0 0 0 6.8 0"
          fill="none"
          stroke="currentColor"
          strokeWidth="2.6"
          strokeLinecap="round"
        />
      </svg>
      Tocsin
    </span>
  );
}
