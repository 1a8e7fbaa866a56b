"""
Two other right solutions of exercise 6.7: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

LOWEST_BIT_BY_BIT = """
    unsigned fd = least;

    while (fd < FD_MAX && bit_get(table->taken, fd))
        fd++;
    return fd;
"""

LOWEST_BY_THE_FILES = """
    unsigned fd;

    for (fd = least; fd < table->size && table->files[fd]; fd++)
        ;
    return fd < FD_MAX ? fd : FD_MAX;
"""

ADD_WITH_ONE_WAY_OUT = """
    struct fd_table *table = current_table();
    int result = -EAGAIN;

    if (!table)
        return -EMFILE;
    uint32_t irq = spin_lock_irqsave(&table->lock);
    while (result == -EAGAIN) {
        unsigned fd = lowest_free(table, (unsigned)least);
        if (fd >= limit_of()) {
            result = -EMFILE;
        } else if (fd >= table->size) {
            spin_unlock_irqrestore(&table->lock, irq);
            int error = grow(table, size_for(fd));
            irq = spin_lock_irqsave(&table->lock);
            if (error)
                result = error;
        } else {
            bit_set(table->taken, fd, true);
            bit_set(table->cloexec, fd, close_on_exec);
            table->files[fd] = file;
            result = (int)fd;
        }
    }
    spin_unlock_irqrestore(&table->lock, irq);
    return result;
"""

# For LOWEST_BIT_BY_BIT: the number is reserved before the table grows.
ADD_RESERVES = """
    struct fd_table *table = current_table();
    int error = 0;

    if (!table)
        return -EMFILE;
    uint32_t irq = spin_lock_irqsave(&table->lock);
    unsigned fd = lowest_free(table, (unsigned)least);
    if (fd >= limit_of())
        error = -EMFILE;
    else
        bit_set(table->taken, fd, true);
    bool small = fd >= table->size;
    spin_unlock_irqrestore(&table->lock, irq);
    if (!error && small)
        error = grow(table, size_for(fd));
    if (error == -EMFILE)
        return error;
    irq = spin_lock_irqsave(&table->lock);
    bit_set(table->taken, fd, !error);
    if (!error) {
        bit_set(table->cloexec, fd, close_on_exec);
        table->files[fd] = file;
    }
    spin_unlock_irqrestore(&table->lock, irq);
    return error ? error : (int)fd;
"""

READ_TRIES_FIRST = """
    struct pipe *pipe = file->data;
    ssize_t result = 0;

    (void)position;
    if (!n)
        return 0;
    mutex_lock(&pipe->lock);
    for (;;) {
        unsigned before = pipe->count;
        result = take(pipe, to, n);
        if (before > PIPE_BYTES - PIPE_BUF && pipe->count <= PIPE_BYTES - PIPE_BUF)
            wait_wake_all(&pipe->writable);
        if (result || !pipe->writers)
            break;
        result = file->flags & O_NONBLOCK ? -EAGAIN : wait_unlocked(pipe, &pipe->readable);
        if (result)
            break;
    }
    mutex_unlock(&pipe->lock);
    return result;
"""

# Wakes writers for each page that has become free, as Linux does.
READ_WAKES_BY_PAGES = """
    struct pipe *pipe = file->data;
    int error = 0;

    (void)position;
    if (n == 0)
        return 0;
    mutex_lock(&pipe->lock);
    while (pipe->count == 0) {
        if (pipe->writers == 0) {
            mutex_unlock(&pipe->lock);
            return 0;
        }
        if (file->flags & O_NONBLOCK)
            error = -EAGAIN;
        else
            error = wait_unlocked(pipe, &pipe->readable);
        if (error) {
            mutex_unlock(&pipe->lock);
            return error;
        }
    }
    unsigned pages = (pipe->count + PAGE_SIZE - 1) / PAGE_SIZE;
    ssize_t result = take(pipe, to, n);
    if ((pipe->count + PAGE_SIZE - 1) / PAGE_SIZE != pages)
        wait_wake_all(&pipe->writable);
    mutex_unlock(&pipe->lock);
    return result;
"""

ROOM_STEP_BY_STEP = """
    for (;;) {
        if (!pipe->readers)
            return -EPIPE;
        if (need + pipe->count <= PIPE_BYTES)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_unlocked(pipe, &pipe->writable);
        if (error)
            return error;
    }
"""

WRITE_BY_PIECES = """
    struct pipe *pipe = file->data;
    bool whole = n <= PIPE_BUF || !(file->flags & O_NONBLOCK);
    size_t done = 0;
    ssize_t now = 0;

    (void)position;
    mutex_lock(&pipe->lock);
    for (; done < n; done += (size_t)now) {
        size_t piece = min_size(n - done, PIPE_BUF);
        now = wait_for_room(pipe, file, whole ? piece : 1);
        bool empty = pipe->count == 0;
        if (!now)
            now = put(pipe, (const char *)from + done, piece);
        if (empty && pipe->count)
            wait_wake_all(&pipe->readable);
        if (now < 0)
            break;
    }
    mutex_unlock(&pipe->lock);
    return done ? (ssize_t)done : now;
"""

# A large write may be cut: the lock is given up between its pieces, and readers are told of each.
WRITE_LOCKS_EACH_PIECE = """
    struct pipe *pipe = file->data;
    size_t done = 0;
    ssize_t error = 0;

    (void)position;
    while (done < n && !error) {
        size_t piece = min_size(n - done, PIPE_BUF);
        size_t need = (file->flags & O_NONBLOCK) && n > PIPE_BUF ? 1 : piece;
        mutex_lock(&pipe->lock);
        error = wait_for_room(pipe, file, need);
        if (!error) {
            ssize_t now = put(pipe, (const char *)from + done, piece);
            if (now > 0)
                done += (size_t)now;
            else
                error = now;
            wait_wake_all(&pipe->readable);
        }
        mutex_unlock(&pipe->lock);
    }
    return done ? (ssize_t)done : error;
"""

FIRST = {
    "src/kernel/proc/fdtable.c": [LOWEST_BY_THE_FILES, ADD_WITH_ONE_WAY_OUT],
    "src/kernel/fs/pipe.c": [READ_TRIES_FIRST, ROOM_STEP_BY_STEP, WRITE_BY_PIECES],
}

SECOND = {
    "src/kernel/proc/fdtable.c": [LOWEST_BIT_BY_BIT, ADD_RESERVES],
    "src/kernel/fs/pipe.c": [READ_WAKES_BY_PAGES, ROOM_STEP_BY_STEP, WRITE_LOCKS_EACH_PIECE],
}
