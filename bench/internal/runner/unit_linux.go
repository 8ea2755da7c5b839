package runner

// unit is in what the system counts memory.
const unit = 1024
