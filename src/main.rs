fn main() -> std::process::ExitCode {
    ecsight::cli::main()
}
