"""What ministack 1.5.33 lacks and Mainstay needs, one file a subject. Each has `install()`."""
