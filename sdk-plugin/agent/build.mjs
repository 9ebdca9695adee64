console.log('agent: nothing to build yet');
